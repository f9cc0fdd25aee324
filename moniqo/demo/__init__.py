"""The demo: a trader whose fund has a past.

Nothing of it is written by hand. A demo trader gets money, farms and agents through the services that pages use, and
then the engine runs over candles bar by bar under a controlled clock: the same runs, risk gate, orders, paper venue,
ledger and snapshots as live, one transaction per day. So whatever a page shows of it can be drilled down, and a build
that is interrupted goes on at the day it had come to.

* `trader`: who signs in, and the file that says how;
* `recordings`: which files of a folder of candles are used, and why the others are not;
* `cast`: the farms, agents and sums of money;
* `advised`: what is asked of the demo's rules of thumb, which stand in for a language model;
* `rehearsal`: the days, one after another.
"""

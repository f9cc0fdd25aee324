// The protocol's own client, told by one line of JSON on standard input what to run; it writes down what it gets.
// Each event is a line `event …` when it has been applied; then one line `done {state, messages}` or `failed {…}`.
// With `goesOn` it is the client of the run before, as a front end keeps one, with what it knows of it; `later` are
// milliseconds by which its clock is ahead.
import { createInterface } from "node:readline";
import { HttpAgent } from "@ag-ui/client";

const say = (word, told) => process.stdout.write(`${word} ${JSON.stringify(told)}\n`);
console.warn = (...told) => say("warned", told.map(String));
const Clock = Date;
let ahead = 0;
globalThis.Date = class extends Clock {
  constructor(...given) { super(...(given.length ? given : [Clock.now() + ahead])); }
  static now() { return Clock.now() + ahead; }
};
let agent;

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (!asked.goesOn) agent = new HttpAgent({ url: asked.url, headers: asked.headers, threadId: "thread", initialMessages: asked.messages ?? [] });
  agent.url = asked.url;
  agent.headers = asked.headers;
  ahead = asked.later ?? 0;
  let count = 0;
  const quiet = asked.quiet ?? false;
  try {
    await agent.runAgent(
      { runId: asked.run ?? "run", forwardedProps: asked.props ?? {}, resume: asked.resume },
      { onEvent: ({ event }) => { count += 1; if (!quiet) say("event", event); } },
    );
    say("done", { count, state: agent.state, messages: agent.messages });
  } catch (error) {
    say("failed", { status: error.status ?? null, message: String(error.message) });
  }
}

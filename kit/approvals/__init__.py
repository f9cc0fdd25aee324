"""What programs ask their owner for: a question stands until it is answered once, or until it is too late.

A program says what it wants done and why; the app that can do it says what that would come to and, once the owner
says yes, does it in the same transaction as the answer. So what is approved happens once, or the answer did not.
"""

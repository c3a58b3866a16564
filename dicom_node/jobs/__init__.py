"""Step 2: one durable workflow an image, on DBOS, behind a small interface of our own.

    image:KEY               queue "images"; reads it, then enqueues one delivery a destination
    image:KEY:N             queue "alone"; attempt N after a fault or after a process died, one at a time
    deliver:KEY:DEST:N      queue "deliver", a partition for each destination; attempt N

An attempt whose destination is away or paused lies in queue "held:DEST", to which nobody listens, until the keeper
moves it to "deliver".

A workflow id is used once: whatever is sent or started again, no second job comes of it. An attempt that is to be
tried again ends, and enqueues its successor with a delay: nothing sleeps in a process that may be restarted.
Arguments are keys, names and times, never pixels or patient data.
"""

"""Step 1 of the way: associations in, durable files and jobs out. Never torch, never pixels.

`admission` decides who may associate, `contexts` what is negotiated, `connection` guards TCP and TLS, `dataset`
writes an arriving object to the spool's incoming/, `handlers` answers, `scp` starts and stops, `run` is the process.
"""

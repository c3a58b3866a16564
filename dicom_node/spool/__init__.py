"""Step 1's promise: an image is here, whole and durable, before its sender hears success.

Layout under `storage.directory`:

    incoming/            files being received (*.part); same file system
    images/KK/KEY/       source.dcm and origin.json (who sent it, when) of one image version; correction.json of one
                         that is read again
    results/KK/KEY/      what was made of it: reading.json, manifest.json and the objects to send
                         and sent/NAME.json: what a destination has of it, while that is not all
    exposures/KK/        which image version is read for an exposure, by hashes of its names
    made/KK/             an empty file for each object made here, by the hash of its SOP Instance UID
    commissioned/        readings of a node that is tried out (KEY.json), to be held beside a radiologist's
    destinations/        NAME.paused and NAME.json: destinations that are paused, or were away when last tried
    removed/KK/          what is remembered of image versions whose files were removed (KEY.json)
    alive/               the last sign of life of each process
    commitments/         requests for storage commitment and their answers, by hashes of their UIDs
    deferred/KEY         an empty file: the image is stored, its job waits for the database
    refused.jsonl        associations that were refused lately
    reading.paused       an empty file while an operator has paused reading
    jobs.sqlite          the job database, unless database.url names another

KEY is the hex sha256 of SOP Instance UID and content hash; KK its first two digits. No path holds a tag's value.
"""

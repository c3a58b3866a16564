"""Bone age by stages where most children are of one of them (DIIBAA, Appl. Sci. 2022, 12).

Its order: `stages` says which stage an age is of; `frames` holds images by stage; `pairs`, `mixup` and `batches`
make of them what is learnt from; `reading` says what networks make of them; `integration` joins the two branches;
`judged` says how often a stage is told.
"""

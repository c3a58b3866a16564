"""Poor radiographs (BoNet+ 3.3): what makes one poor, told by a classifier, and an image in which that is improved."""

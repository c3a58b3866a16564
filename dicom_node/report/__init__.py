"""Step 4: a reading and its source's header become DICOM objects. Pure: UIDs and time are arguments."""

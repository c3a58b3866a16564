"""From one hand radiograph to one reading or one refusal. Pure: no DICOM, no disk but weights, no network."""

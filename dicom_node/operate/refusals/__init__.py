"""What a pipeline refuses, counted: hands that it should read, and pictures that it should not."""

"""Whether a picture is a radiograph of one whole hand: what is told apart, made-up pictures that are not, a judge."""

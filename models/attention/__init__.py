"""RegressionCNN's attention module (II.B): from a standard frame to the channels that a network is given."""

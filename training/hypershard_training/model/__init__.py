"""What a model is: the q-net, the hyper-head that makes it, a BERT encoder's weights, and the files of a model directory."""

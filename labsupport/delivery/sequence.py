def confidence_sequence(worse, better, n, alpha):
    raise NotImplementedError

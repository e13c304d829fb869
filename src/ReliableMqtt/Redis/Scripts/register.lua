-- Makes a new acceptor. Its name is random and used once: a late copy of this call can only make one that nobody uses.
-- KEYS    1 acceptor
-- ARGV    1 ms to keep it
-- Output  1 | 0: there is one
return call('SET', KEYS[1], '', 'NX', 'PX', ARGV[1]) and 1 or 0

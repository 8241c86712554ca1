"""Trust: who may do what: keys, certificates, proxies, and what becomes of wrong ones."""

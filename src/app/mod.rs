//! Wiring: the command line, what starts and stops in which order. The only place that knows everything.

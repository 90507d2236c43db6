"""How the nets that we train are trained: one file per task, and what they share."""

"""Several machines, by Ray: batches whose files go to workers, and replicas of the engine behind the page."""

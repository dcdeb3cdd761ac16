"""The outside world, each part behind one function or protocol; heavy packages are imported when used."""

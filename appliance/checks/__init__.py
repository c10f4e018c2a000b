"""One module for each subject. Each has ``check(box, at)``, which yields findings; a bad one says what to do next."""

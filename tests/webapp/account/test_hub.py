import subprocess
import sys


def test_pages_go_on_while_passwords_are_hashed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.webapp.account.hash_beside_the_hub"], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) > 10, done.stderr

"""What a shell offers for a command line."""

import os

from portcullis_testing.processes import result
from portcullis_testing.repository import binary

BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9
_portcullis "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(folder, url, *words, **variables):
    """What bash offers for the last word. The folder is for its script; the URL is that of ADMIN, if there is one."""
    script = folder / "completion.bash"
    script.write_text(result(binary("portcullis"), "--generate-completion-script", "bash").stdout)
    path = f"{binary('portcullis').parent}:{os.environ['PATH']}"
    done = result("bash", "-c", BASH, "bash", script, "portcullis", *words,
                  env={"PATH": path, **({"PORTCULLIS_ADMIN_URL": url} if url else {}), **variables})
    assert done.stderr == ""
    return done.stdout.split()

# Sourced by the scripts beside it: brings tools by npm and pip into .tools/, and what those need.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
tools="$root/.tools"

# fail says what is wrong and ends the script.
fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# need COMMAND PACKAGE… makes sure that a command is there: on Debian as root the first of the
# packages that exists is installed, elsewhere the script ends and says what is missing.
need() {
  local command=$1
  shift
  command -v "$command" >/dev/null && return
  bring "$command" "$@"
  hash -r
  command -v "$command" >/dev/null || fail "the package was installed, but brought no $command"
}

# bring WHAT PACKAGE… installs the first of the packages that exists, for want of WHAT.
bring() {
  local what=$1 package log
  shift
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    fail "$what is missing; on Debian: apt-get install $1"
  fi
  log=$(mktemp)
  apt-get update >"$log" 2>&1 || true
  for package in "$@"; do
    if DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$package" >>"$log" 2>&1; then
      rm -f "$log"
      return
    fi
  done
  tail -n 5 "$log" >&2
  rm -f "$log"
  fail "$what is missing, and apt-get could install none of: $*"
}

# npm_tool NAME VERSION [OTHER@VERSION…] prints the folder of an npm package, installed first where it is absent. The
# installation is moved into place whole, so that one that was cut off is never taken for one.
npm_tool() {
  local name=$1 version=$2 place="$tools/${1//[@\/]/_}-$2" fresh
  shift 2 # whatever else is to be beside it
  if [ ! -d "$place" ]; then
    need node nodejs
    need npm npm
    mkdir -p "$tools"
    fresh=$(mktemp -d "$tools/.new.XXXXXX")
    if ! npm install --prefix "$fresh" --no-audit --no-fund --ignore-scripts --loglevel=error "$name@$version" "$@" >"$fresh/log" 2>&1; then
      tail -n 20 "$fresh/log" >&2
      rm -rf "$fresh"
      fail "npm could not install $name@$version"
    fi
    mv -T "$fresh" "$place" 2>/dev/null || rm -rf "$fresh" # somebody else was first
  fi
  echo "$place/node_modules/$name"
}

# python_tool NAME VERSION REQUIREMENT… prints the folder of a Python environment with the requirements,
# made first where it is absent, and moved into place whole. Run what is in it by its bin/python: the
# scripts beside that name the place where they were made.
python_tool() {
  local name=$1 version=$2 place="$tools/$1-$2" fresh
  shift 2
  if [ ! -d "$place" ]; then
    need python3 python3
    python3 -c 'import ensurepip, venv' 2>/dev/null || bring "Python's venv" python3-venv
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "Python 3.10 or newer is needed, not $(python3 -V)"
    mkdir -p "$tools"
    fresh=$(mktemp -d "$tools/.new.XXXXXX")
    if ! { python3 -m venv "$fresh" && "$fresh/bin/python" -m pip install --disable-pip-version-check --quiet "$@"; } >"$fresh/log" 2>&1; then
      tail -n 20 "$fresh/log" >&2
      rm -rf "$fresh"
      fail "pip could not install $*"
    fi
    mv -T "$fresh" "$place" 2>/dev/null || rm -rf "$fresh" # somebody else was first
  fi
  echo "$place"
}

# moto_tool prints the folder of the environment that stands in for AWS's services.
moto_tool() { python_tool moto 5.2.5 'moto[stepfunctions]==5.2.5' flask flask-cors pyyaml; }

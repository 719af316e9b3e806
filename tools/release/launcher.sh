#!/bin/sh
case ${1--} in maglevd | maglevd-frontend | -*) trap '' HUP ;; esac
# Starts a program under Deno with the permissions that follow from its command line and its
# environment, and becomes it: `exec`, so that the process keeps its number and gets its signals.
#
#   launcher.sh maglevd|maglevc|… [flags]   starts it
#   launcher.sh [flags]                     starts maglevd, in a release: the entry of an image
#
# In a release its folder holds the deno program and all code; in a checkout it is tools/release.
#
# With --print-permissions it prints the command, one argument a line, and does not start it. It never
# reads the configuration. Its first line ignores SIGHUP until the daemon listens to it.
#
# MAGLEV_READ_PATHS, MAGLEV_WRITE_PATHS  further paths, with colons between
# CREDENTIALS_DIRECTORY                  of systemd: a further path to read
# MAGLEV_SHIM                            the shim, if not that of the release or checkout
# MAGLEV_DENO                            the deno program, if not that of the release, and neither
#                                        the parent nor on the PATH
# DENO_DIR                               where Deno keeps compiled code, if not CACHE_DIRECTORY (of
#                                        systemd), /var/cache/vpp-maglev/root or ~/.cache/vpp-maglev
# MAGLEV_TASK=1                          started by `deno task`: relative paths begin at INIT_CWD
#
# POSIX shell, few forks: it takes some milliseconds of each start. Words of the command line are
# never evaluated, and a path with a comma is refused, because Deno would read it as two.

set -f
unset IFS
# `cd` would look for relative folders elsewhere, and print them.
unset CDPATH
unset what
case $0 in */*) folder=${0%/*} ;; *) folder=. ;; esac
program=${1-launcher.sh}

fail() {
  status=$1
  shift
  printf '%s: %s\n' "$program" "$*" >&2
  exit "$status"
}

# The working folder is not left: its user may be unable to enter it again.
. "$folder/launcher_table.sh"
if [ -x "$folder/deno" ]; then
  release=yes
else
  release=no
  folder=$folder/../..
fi
root=$(cd -P -- "$folder" && printf '%s.' "$PWD") || fail 1 "cannot enter the launcher's folder"
root=${root%.}

# --- Lists of permissions ---------------------------------------------------------------------

refuse_comma() {
  fail 2 "$what: cannot use \"$1\": a comma cannot be granted to Deno; use a path without one"
}

# A slip such as `--state-dir /` must not open everything.
refuse_root() {
  if [ "$1" -ef / ] || is_root "$1"; then
    fail 2 "$what: cannot use \"$1\": it is the whole file system; name a path within"
  fi
}

# True if path $1 is `/` for Deno, which removes each `..` with the part before it, also where that
# part does not exist or is a symbolic link.
is_root() {
  case /$1/ in */../*) ;; *) return 1 ;; esac
  depth=0
  case $1 in /*) above=/ ;; *) above=. ;; esac
  IFS=/
  # shellcheck disable=SC2086
  set -- $1
  unset IFS
  for part; do
    case $part in
      '' | .) ;;
      ..) if [ "$depth" -gt 0 ]; then depth=$((depth - 1)); else above=$above/..; fi ;;
      *) depth=$((depth + 1)) ;;
    esac
  done
  [ "$depth" -eq 0 ] && [ "$above" -ef / ]
}

# Adds $2 to list $1 (reads, writes, nets), once. $what names where it comes from.
add() {
  case $2 in
    '') return ;;
    *,*) refuse_comma "$2" ;;
  esac
  case $1 in reads | writes) refuse_root "$2" ;; esac
  case $1 in
    reads) case ,$reads, in *",$2,"*) ;; *) reads=${reads:+$reads,}$2 ;; esac ;;
    writes) case ,$writes, in *",$2,"*) ;; *) writes=${writes:+$writes,}$2 ;; esac ;;
    nets) case ,$nets, in *",$2,"*) ;; *) nets=${nets:+$nets,}$2 ;; esac ;;
  esac
}

# Writable paths are readable too: sockets and renames need both.
add_written() {
  add reads "$1"
  add writes "$1"
}

# Each path of $2, with colons between, by command $1.
each_path() {
  IFS=:
  for path in $2; do "$1" "$path"; done
  unset IFS
}

add_read() { add reads "$1"; }

grant_file() { add reads "$1"; }

grant_folder() {
  add_written "$1"
  state_folder=$1
}

grant_socket() {
  case $1 in
    /*) add_written "$1" ;;
  esac
}

# A socket gets its name when it is ready, by a rename. All addresses are opened with all ports:
# which one of them is free is tried first.
grant_listen() {
  case $1 in
    '' | unix:) return ;;
    unix:?*)
      add_written "${1#unix:}"
      add_written "${1#unix:}$staging_suffix"
      add nets "$1"
      return
      ;;
  esac
  split_address "$1"
  if [ -z "$host" ] && is_port "$port" 0; then
    add nets 0.0.0.0
    add nets '[::]'
  else
    grant_address 0
  fi
}

# The folder of the configuration file, because `ca-file`s lie next to it; the file alone in `/`.
grant_config() {
  refuse_root "$1"
  case $1 in
    '' | -) return ;;
    /dev/* | /proc/*) place=$1 ;;
    /*/* | [!/]*/*) place=${1%/*} ;;
    /*) place=$1 ;;
    *) place=. ;;
  esac
  if [ "$place" -ef / ]; then place=$1; fi
  case $place in *,*) refuse_comma "$1" ;; esac
  add reads "$place"
}

# Several configuration files, with commas between.
grant_configs() {
  rest=$1,
  while [ -n "$rest" ]; do
    part=${rest%%,*}
    rest=${rest#*,}
    trim
    grant_config "$part"
  done
}

# Removes blanks around $part.
trim() {
  while :; do
    case $part in
      ' '* | '	'*) part=${part#?} ;;
      *' ' | *'	') part=${part%?} ;;
      *) break ;;
    esac
  done
}

# A file that is appended to.
grant_output() { add_written "$1"; }

grant_servers() {
  rest=$1,
  while [ -n "$rest" ]; do
    part=${rest%%,*}
    rest=${rest#*,}
    trim
    grant_server "$part"
  done
}

# Only values that a list of Deno can hold narrow the permission: addresses, sockets, localhost.
grant_server() {
  # NAME=ADDR; an equals sign of a socket's path does not end a name.
  case $1 in
    *=*)
      case ${1%%=*} in
        *[]:/[]*) ;;
        *) set -- "${1#*=}" ;;
      esac
      ;;
  esac
  case $1 in
    unix:/*)
      add_written "${1#unix:}"
      add nets "$1"
      return
      ;;
  esac
  split_address "$1"
  grant_address 1
}

# Sets $host, which keeps its brackets, and $port.
split_address() {
  port=9090
  case $1 in
    '['*)
      host=${1%%]*}]
      rest_of_server=${1#"$host"}
      case $rest_of_server in
        '') ;;
        :*) port=${rest_of_server#:} ;;
        *) port= ;;
      esac
      ;;
    *:*:*) host="[$1]" ;;
    *:*)
      host=${1%%:*}
      port=${1#*:}
      ;;
    '') host='?' ;;
    *) host=$1 ;;
  esac
}

# Opens $host and $port, of which $1 is the smallest.
grant_address() {
  if ! is_port "$port" "$1"; then
    net=open
    return
  fi
  case $host in
    '' | localhost)
      add nets localhost
      add nets "127.0.0.1:$port"
      add nets "[::1]:$port"
      ;;
    '['*']')
      inside=${host#?}
      if is_ipv6 "${inside%?}"; then add nets "$host:$port"; else net=open; fi
      ;;
    *) if is_ipv4 "$host"; then add nets "$host:$port"; else net=open; fi ;;
  esac
}

is_port() {
  case $1 in '' | *[!0123456789]* | ??????*) return 1 ;; esac
  [ "$1" -ge "$2" ] && [ "$1" -le 65535 ]
}

is_ipv4() {
  case $1 in '' | *[!0123456789.]* | .* | *. | *..*) return 1 ;; esac
  IFS=.
  # shellcheck disable=SC2086
  set -- $1
  unset IFS
  [ $# -eq 4 ] || return 1
  for part; do
    case $part in 0?* | ????*) return 1 ;; esac
    [ "$part" -le 255 ] || return 1
  done
}

# No zone, and no IPv4 address within.
is_ipv6() {
  most=8 least=8
  case $1 in
    *[!0123456789abcdefABCDEF:]* | *:::* | *::*::* | :[!:]* | *[!:]:) return 1 ;;
    *::*) most=7 least=0 ;;
  esac
  IFS=:
  # shellcheck disable=SC2086
  set -- $1
  unset IFS
  groups=0
  for part; do
    case $part in
      '') ;;
      ?????*) return 1 ;;
      *) groups=$((groups + 1)) ;;
    esac
  done
  [ "$groups" -ge "$least" ] && [ "$groups" -le "$most" ]
}

# --- Command line -----------------------------------------------------------------------------

# Reads the flags as readSettings() does: `-flag v`, `--flag=v`, the last one wins, `--` ends them.
# The program reports errors in them.
read_flags() {
  wanted=
  for word; do
    # Words to be completed for a shell follow.
    if [ "$words" = yes ] && [ "$word" = --complete ]; then break; fi
    if [ -n "$wanted" ]; then
      "${functions}_keep" "$wanted" "$word"
      wanted=
      continue
    fi
    case $word in
      --) break ;;
      -h | --h) word=--help ;;
    esac
    case $word in
      --?*) name=${word#--} ;;
      -[ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz]*) name=${word#-} ;;
      *) continue ;;
    esac
    case $name in
      *=*) value=${name#*=} name=${name%%=*} inline=yes ;;
      *) value=true inline=no ;;
    esac
    "${functions}_kind" "$name"
    case $kind-$inline in
      value-no) wanted=$name ;;
      value-yes | boolean-*) "${functions}_keep" "$name" "$value" ;;
    esac
  done
}

is_true() {
  case $1 in true | 1 | t | T | TRUE | True) ;; *) return 1 ;; esac
}

grant_home() {
  what='environment variable HOME'
  case ${HOME-} in /*) add reads "$HOME/.config/maglevc" ;; esac
  case ${XDG_STATE_HOME-} in
    /*)
      what='environment variable XDG_STATE_HOME'
      add_written "$XDG_STATE_HOME/maglevc"
      ;;
    *) case ${HOME-} in /*) add_written "$HOME/.local/state/maglevc" ;; esac ;;
  esac
}

grant_all() {
  reads='' writes='' nets='' ffi='' state_folder=''
  what='Folder of the program'
  # Words without blanks, from the table. The code of a release is loaded at the start.
  if [ "$release" = no ]; then
    for part in $code; do add reads "$root/$part"; done
  fi
  each_path add_read "$always_read"
  each_path add_written "$always_write"
  what='environment variable MAGLEV_READ_PATHS'
  each_path add_read "${MAGLEV_READ_PATHS-}"
  what='environment variable MAGLEV_WRITE_PATHS'
  each_path add_written "${MAGLEV_WRITE_PATHS-}"
  what='environment variable CREDENTIALS_DIRECTORY'
  add reads "${CREDENTIALS_DIRECTORY-}"
  if [ "$home" = yes ]; then grant_home; fi
  "${functions}_grants"
  if [ "$shim" = yes ]; then
    case $release in
      yes) ffi=${MAGLEV_SHIM:-$root/maglev_shim.so} ;;
      no) ffi=${MAGLEV_SHIM:-$root/build/maglev_shim.so} ;;
    esac
    what='environment variable MAGLEV_SHIM'
    case $ffi in *,*) add none "$ffi" ;; esac
  fi
}

# --- Deno, the commit ----------------------------------------------------------------

# The deno that runs the task need not be on the PATH (`npx deno task …`).
find_deno() {
  deno=${MAGLEV_DENO-}
  [ -z "$deno" ] || return
  if [ "$release" = yes ]; then
    deno=$root/deno
    return
  fi
  deno=$(readlink "/proc/$PPID/exe" 2>/dev/null)
  case $deno in */deno) if [ -x "$deno" ]; then return; fi ;; esac
  deno=$(command -v deno) ||
    fail 1 "cannot find deno: it is not on the PATH; start by \`npx -y deno@2.9.6 task $program\`"
}

# Sets $commit to that of the checkout, from the files of git alone; otherwise empty.
find_commit() {
  commit=
  git=$root/.git
  if [ -f "$git" ]; then
    read -r git <"$git"
    case $git in 'gitdir: '*) git=${git#gitdir: } ;; *) return ;; esac
    case $git in /*) ;; *) git=$root/$git ;; esac
  fi
  [ -f "$git/HEAD" ] || return
  common=$git
  if [ -f "$git/commondir" ]; then
    read -r common <"$git/commondir"
    case $common in /*) ;; *) common=$git/$common ;; esac
  fi
  read -r head <"$git/HEAD"
  case $head in
    'ref: '*) find_reference "${head#ref: }" ;;
    *) commit=$head ;;
  esac
  case $commit in *[!0123456789abcdef]*) commit= ;; esac
  case ${#commit} in 40 | 64) ;; *) commit= ;; esac
}

# Deno keeps compiled code there, and starts faster with it. It also runs where it cannot write.
find_cache() {
  [ -z "${DENO_DIR-}" ] || return
  own=/var/cache/vpp-maglev
  case ${CACHE_DIRECTORY-} in
    /*) DENO_DIR=${CACHE_DIRECTORY%%:*} ;;
    *)
      if [ -w "$own" ]; then
        DENO_DIR=$own/root
      else
        case ${XDG_CACHE_HOME-}-${HOME-} in
          /*) DENO_DIR=$XDG_CACHE_HOME/vpp-maglev ;;
          -/*) DENO_DIR=$HOME/.cache/vpp-maglev ;;
          *) DENO_DIR=$own ;;
        esac
      fi
      ;;
  esac
  [ -d "$DENO_DIR" ] || mkdir -p -m 0700 -- "$DENO_DIR" 2>/dev/null
  export DENO_DIR
}

find_reference() {
  if [ -f "$common/$1" ]; then
    read -r commit <"$common/$1"
  elif [ -f "$common/packed-refs" ]; then
    # grep, because a shell reads byte by byte, and there may be thousands.
    while read -r hash name; do
      if [ "$name" = "$1" ]; then commit=$hash; fi
    done <<PACKED
$(grep -F -e " $1" "$common/packed-refs")
PACKED
  fi
}

# The commit's date is in git's compressed objects, which only git itself reads.
stamp_build() {
  find_commit
  unset MAGLEV_BUILD
  [ -n "$commit" ] || return
  date=
  if command -v git >/dev/null; then
    date=$(git --git-dir="$git" -c safe.directory='*' show -s --no-show-signature --format=%cI \
      "$commit" 2>/dev/null)
  fi
  export MAGLEV_BUILD="$commit${date:+ $date}"
}

# ------------------------------------------------------------------------------------------------

case $release-${1--} in
  yes--*)
    program=maglevd
    set -- maglevd "$@"
    ;;
esac
find_program "$program"
[ -n "$functions" ] || fail 2 "expected $programs"
shift
"${functions}_program"
if [ "${MAGLEV_TASK-}" = 1 ]; then
  here=${INIT_CWD:-$PWD}
  cd -- "$here" || fail 1 "cannot enter the working folder $here"
fi
unset MAGLEV_TASK
read_flags "$@"
grant_all
find_deno

case $release in
  yes) set -- "$root/${entry%.ts}.js" "$@" ;;
  no) set -- "$root/$entry" "$@" ;;
esac
[ -z "$ffi" ] || set -- "--allow-ffi=$ffi" "$@"
[ -z "$system" ] || set -- "--allow-sys=$system" "$@"
[ -z "$environment" ] || set -- "--allow-env=$environment" "$@"
case $net-$nets in
  open-*) set -- --allow-net "$@" ;;
  *-?*) set -- "--allow-net=$nets" "$@" ;;
esac
[ -z "$writes" ] || set -- "--allow-write=$writes" "$@"
[ -z "$reads" ] || set -- "--allow-read=$reads" "$@"
# shellcheck disable=SC2086
case $release in
  yes) set -- run --no-config --no-lock --no-remote --no-npm --no-prompt $runtime_flags "$@" ;;
  no) set -- run --frozen --no-prompt "--config=$root/deno.json" $runtime_flags "$@" ;;
esac

if is_true "${flag_print_permissions-}"; then
  printf '%s\n' "$deno"
  for word; do
    case $word in
      -print-permissions | --print-permissions | -print-permissions=* | --print-permissions=*) ;;
      *) printf '%s\n' "$word" ;;
    esac
  done
  exit 0
fi
if [ -n "$state_folder" ] && ! [ -d "$state_folder" ] && ! is_true "${flag_check-}" &&
  ! is_true "${flag_help-}" && ! is_true "${flag_version-}"; then
  # The program reports a folder that cannot be created.
  mkdir -p -m 0700 -- "$state_folder" 2>/dev/null
fi
if [ "$release" = yes ]; then
  # A release has its version within.
  unset MAGLEV_BUILD
  if [ "$shim" = yes ]; then export MAGLEV_SHIM="$ffi"; fi
  find_cache
  case $program in
    maglevd*) [ -d /run/vpp-maglev ] || mkdir -m 0755 /run/vpp-maglev 2>/dev/null ;;
  esac
else
  stamp_build
fi
unset MAGLEV_HANG_UPS
case $program-$deno in
  *-*=*) ;;
  maglevd-frontend-*)
    # It has no use for a hang-up, so it stays blocked.
    if env --block-signal=HUP --version >/dev/null 2>&1; then
      exec env --block-signal=HUP "$deno" "$@"
    fi
    ;;
  maglevd-*)
    # Blocked until maglevd serves: Deno has a moment in which a hang-up would end it, in spite of
    # the trap. The shim unblocks it, so the shim must exist; busybox's env cannot block.
    if [ -f "$ffi" ] && env --block-signal=HUP --version >/dev/null 2>&1; then
      export MAGLEV_HANG_UPS=held
      exec env --block-signal=HUP "$deno" "$@"
    fi
    ;;
esac
exec "$deno" "$@"

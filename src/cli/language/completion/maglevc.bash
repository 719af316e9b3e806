# Completion of maglevc for bash 4.2 and later; no other package is needed. Made by
#
#     maglevc completion bash
#
# Words and names come from maglevc itself, which asks the server that the line names. Nothing of
# what it answers is evaluated.

# Splits $1 like the shell. Complete words go into _maglevc_words, and the last one, without its
# quotes, into _maglevc_partial. A quote that it leaves open goes into _maglevc_quote.
_maglevc_split() {
  local line=$1 char text='' begun=''
  local -i at
  _maglevc_words=() _maglevc_quote=''
  for ((at = 0; at < ${#line}; at++)); do
    char=${line:at:1}
    case $_maglevc_quote$char in
      "''" | '""') _maglevc_quote='' ;;
      \'?) text+=$char ;;
      '"\')
        case ${line:at+1:1} in
          [\"\\\$\`]) text+=${line:at+1:1} at+=1 ;;
          *) text+=$char ;;
        esac
        ;;
      '"'?) text+=$char ;;
      \\) text+=${line:at+1:1} begun=1 at+=1 ;;
      \' | '"') _maglevc_quote=$char begun=1 ;;
      [[:space:]])
        [[ -z $begun ]] || _maglevc_words+=("$text")
        text='' begun=''
        ;;
      *) text+=$char begun=1 ;;
    esac
  done
  _maglevc_partial=$text
}

# Writes $1 so that the shell reads it as it is, inside the open quote if there is one.
_maglevc_escape() {
  case $_maglevc_quote in
    \') REPLY=${1//\'/\'\\\'\'} ;;
    '"')
      REPLY=${1//\\/\\\\} REPLY=${REPLY//\"/\\\"}
      REPLY=${REPLY//\$/\\\$} REPLY=${REPLY//\`/\\\`}
      ;;
    *) printf -v REPLY %q "$1" ;;
  esac
}

# Sorts _maglevc_words into _maglevc_flags and _maglevc_command. A last flag without its value goes
# into _maglevc_awaits; _maglevc_rest is 1 after `--`.
_maglevc_sort() {
  local word name
  _maglevc_flags=() _maglevc_command=() _maglevc_awaits='' _maglevc_rest=''
  for word in "${_maglevc_words[@]:1}"; do
    if [[ -n $_maglevc_awaits ]]; then
      _maglevc_flags+=("$word") _maglevc_awaits=''
    elif [[ -n $_maglevc_rest || $word != -?* ]]; then
      _maglevc_command+=("$word")
    elif [[ $word == -- ]]; then
      _maglevc_rest=1
    else
      name=${word#-} name=${name#-}
      case $name in
        @INFORMATION_FLAGS@) continue ;;
        @VALUE_FLAGS@) _maglevc_awaits=$name ;;
      esac
      _maglevc_flags+=("$word")
    fi
  done
}

# Puts the values of the flag $1 that begin with $2 into _maglevc_found.
_maglevc_values() {
  local value
  case $1 in
    @FILE_FLAGS@)
      compopt -o filenames 2>/dev/null
      _maglevc_files=1
      mapfile -t _maglevc_found < <(compgen -f -- "$2")
      ;;
@CHOICES@
  esac
}

_maglevc() {
  local _maglevc_quote _maglevc_partial _maglevc_awaits _maglevc_rest _maglevc_files='' REPLY
  local -a _maglevc_words _maglevc_flags _maglevc_command _maglevc_found=()
  local program name prefix='' kept='' replaced value
  # Bash replaces only the end of the last word, because for bash `:` and `=` separate words.
  _maglevc_split "$2"
  replaced=$_maglevc_partial
  _maglevc_split "${COMP_LINE:0:COMP_POINT}"
  [[ $_maglevc_partial != *"$replaced" ]] || kept=${_maglevc_partial%"$replaced"}
  _maglevc_sort
  name=${_maglevc_partial#-} name=${name#-}
  if [[ -n $_maglevc_awaits ]]; then
    _maglevc_values "$_maglevc_awaits" "$_maglevc_partial"
  elif [[ -z $_maglevc_rest && $_maglevc_partial == -*=* ]]; then
    prefix=${_maglevc_partial%%=*}=
    _maglevc_values "${name%%=*}" "${_maglevc_partial#*=}"
  elif [[ -z $_maglevc_rest && $_maglevc_partial == -* ]]; then
    for value in @ALL_FLAGS@; do
      [[ --$value != "$_maglevc_partial"* ]] || _maglevc_found+=("--$value")
    done
  else
    program=${_maglevc_words[0]-maglevc}
    [[ $program != '~/'* ]] || program=$HOME/${program:2}
    type -P -- "$program" >/dev/null || program=maglevc
    while IFS=$'\t' read -r value _; do
      [[ -n $value && $value != *[[:cntrl:]]* && $value == "$_maglevc_partial"* ]] || continue
      _maglevc_found+=("$value")
    done < <("$program" ${_maglevc_flags[@]+"${_maglevc_flags[@]}"} --complete \
      ${_maglevc_command[@]+"${_maglevc_command[@]}"} "$_maglevc_partial" 2>/dev/null </dev/null)
  fi
  COMPREPLY=()
  for value in ${_maglevc_found[@]+"${_maglevc_found[@]}"}; do
    REPLY=$prefix$value
    REPLY=${REPLY#"$kept"}
    # Bash itself escapes file names.
    [[ -n $_maglevc_files ]] || _maglevc_escape "$REPLY"
    COMPREPLY+=("$REPLY")
  done
}

complete -F _maglevc maglevc

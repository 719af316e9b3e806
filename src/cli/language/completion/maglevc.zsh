#compdef maglevc
# Completion of maglevc for zsh 5 and later. Made by
#
#     maglevc completion zsh
#
# Words and names come from maglevc itself, which asks the server that the line names. Nothing of
# what it answers is evaluated.

# The values of the flag $1.
_maglevc_values() {
  case $1 in
    (@FILE_FLAGS@) _files ;;
@CHOICES@
    (*) return 1 ;;
  esac
}

_maglevc() {
  local word name awaits='' rest='' program line text help
  local -a flags plain texts shown
  for word in "${(@Q)words[2,CURRENT-1]}"; do
    if [[ -n $awaits ]]; then
      flags+=("$word") awaits=''
    elif [[ -n $rest || $word != -?* ]]; then
      plain+=("$word")
    elif [[ $word == -- ]]; then
      rest=1
    else
      name=${${word#-}#-}
      case $name in
        (@INFORMATION_FLAGS@) continue ;;
        (@VALUE_FLAGS@) awaits=$name ;;
      esac
      flags+=("$word")
    fi
  done

  if [[ -n $awaits ]]; then
    _maglevc_values "$awaits"
    return
  elif [[ -z $rest && $PREFIX == -*=* ]]; then
    name=${${${PREFIX%%=*}#-}#-}
    compset -P '*='
    _maglevc_values "$name"
    return
  elif [[ -z $rest && $PREFIX == -* ]]; then
    texts=(
@ALL_FLAGS@
    )
    shown=(
@SHOWN_FLAGS@
    )
    compadd -l -d shown -a texts
    return
  fi

  # The word as typed, with an open quote closed: $PREFIX is neither raw nor without quotes.
  word=${words[CURRENT]}${compstate[quote][-1]}
  word=${(Q)word}
  # With the cursor inside a word, only what is before it counts.
  [[ -z $SUFFIX ]] || word=${(Q)PREFIX}
  program=${(Q)words[1]}
  [[ $program != '~/'* ]] || program=$HOME/${program[3,-1]}
  (( $+commands[$program] )) || [[ $program == */* && -x $program ]] || program=maglevc
  for line in "${(@f)$(command "$program" "${(@)flags}" --complete "${(@)plain}" "$word" \
    2>/dev/null </dev/null)}"; do
    text=${line%%$'\t'*} help=${line#*$'\t'}
    [[ -n $text && $text$help != *[[:cntrl:]]* ]] || continue
    texts+=("$text")
    shown+=("${(r:24:)text}  $help")
  done
  compadd -l -d shown -a texts
}

# As a file in $fpath this is the body of the function itself; otherwise it is being sourced.
if [[ ${funcstack[1]-} == _maglevc ]]; then
  _maglevc "$@"
elif (( $+functions[compdef] )); then
  compdef _maglevc maglevc
else
  print -u2 'maglevc: completion needs "autoload -Uz compinit && compinit" before it'
fi

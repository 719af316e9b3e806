# Completion of maglevc for fish 3 and later. Made by
#
#     maglevc completion fish
#
# Words and names come from maglevc itself, which asks the server that the line names. Nothing of
# what it answers is evaluated.

function __maglevc_complete
    set -l flags
    set -l plain
    set -l awaits
    set -l rest
    set -l tokens (commandline -opc)
    # Variables may be set before the command.
    while set -q tokens[1]; and string match -qr '^\w+=' -- $tokens[1]
        set -e tokens[1]
    end
    set -l program $tokens[1]
    set -e tokens[1]
    for token in $tokens
        if set -q awaits[1]
            set -a flags $token
            set -e awaits
            set -l awaits
        else if set -q rest[1]; or not string match -q -- '-?*' $token
            set -a plain $token
        else if test "$token" = --
            set rest 1
        else
            switch (string replace -r '^--?' '' -- $token)
                case @INFORMATION_FLAGS@
                    continue
                case @VALUE_FLAGS@
                    set awaits 1
            end
            set -a flags $token
        end
    end
    set -l partial (__maglevc_partial)
    # Flags are below.
    not set -q rest[1]; and string match -q -- '-*' $partial; and return
    string match -q '~/*' -- $program; and set program $HOME/(string sub -s 3 -- $program)
    command -q -- $program; or set program maglevc
    command $program $flags --complete $plain $partial 2>/dev/null </dev/null |
        string match -rv '^\t|[\x00-\x08\x0b-\x1f\x7f]'
end

# The word at the cursor without its quotes; the last quote may be open.
function __maglevc_partial
    set -l raw (commandline -ct)
    for close in '' '"' "'"
        set -l text (string unescape -- $raw$close)
        and echo -- $text
        and return
    end
    echo -- $raw
end

complete -c maglevc -f
complete -c maglevc -a '(__maglevc_complete)'
@ALL_FLAGS@

/** Shells that have a completion script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/**
 * The scripts ask as yargs' own do: `compose --get-yargs-completions compose WORDS…`, where the last word is the one to complete.
 * Each line of the answer is a word, or a word, a tab and what it does.
 */
export const GET_COMPLETIONS = '--get-yargs-completions';

/**
 * Replaces yargs' script, since bash breaks words at `:` and `=`, as in `--distro=a` and `so:libz`. Where nothing is offered, bash
 * completes file names.
 */
const bash = `# bash completion for compose: source <(compose completion bash)
_compose_complete() {
  local line=\${COMP_LINE:0:COMP_POINT} current words candidate
  read -ra words <<< "$line"
  case $line in *[[:space:]]) words+=('') ;; esac
  current=\${words[\${#words[@]}-1]}
  local strip=\${current%"\${COMP_WORDS[COMP_CWORD]}"}
  case \${COMP_WORDS[COMP_CWORD]} in =|:) strip=$current ;; esac
  COMPREPLY=()
  while IFS= read -r candidate; do
    candidate=\${candidate%%$'\\t'*}
    COMPREPLY+=("\${candidate#"$strip"}")
  done < <("\${words[0]}" ${GET_COMPLETIONS} "\${words[@]}" 2>/dev/null)
  if [ "\${#COMPREPLY[@]}" -eq 0 ]; then compopt -o default; fi
}
complete -F _compose_complete compose pkgcompose ./compose
`;

const zsh = `#compdef compose pkgcompose
# zsh completion for compose: source <(compose completion zsh)
_compose_complete() {
  local -a candidates described
  local line
  candidates=("\${(@f)$("\${words[1]}" ${GET_COMPLETIONS} "\${(@)words[1,CURRENT]}" 2>/dev/null)}")
  candidates=(\${candidates:#})
  if (( ! \${#candidates} )); then _files; return; fi
  if [[ \${candidates[1]} != *$'\\t'* ]]; then compadd -- "\${candidates[@]}"; return; fi
  for line in "\${candidates[@]}"; do described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}"); done
  _describe compose described
}
if [ "\${funcstack[1]}" = "_compose" ]; then _compose_complete "$@"; else compdef _compose_complete compose pkgcompose; fi
`;

const fish = `# fish completion for compose: compose completion fish > ~/.config/fish/completions/compose.fish
function __compose_complete
    set -l words (commandline -opc)
    set -l found ($words[1] ${GET_COMPLETIONS} $words (commandline -ct) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c compose -f -a '(__compose_complete)'
complete -c pkgcompose -f -a '(__compose_complete)'
`;

/** Completion scripts by shell. */
export const COMPLETION_SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = { bash, zsh, fish };

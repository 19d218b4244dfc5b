using System.CommandLine;
using Edge.Commands.Streams;

namespace Edge.Commands;

/// <summary>
/// <c>edge completions bash|zsh|fish</c>: the script by which a shell completes commands, options and their values. It
/// asks the program itself (<c>edge "[suggest:N]" "LINE"</c>), so it need not be renewed with the program.
/// </summary>
internal static class CompletionsCommand
{
    // The line without the word that names the program, which may be a path, and the cursor within it.
    private const string Bash = """
        # Completion of edge for bash: eval "$(edge completions bash)"
        _edge_completions() {
            local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} IFS=$'\n'
            local line=${COMP_LINE#"$program"}
            local suggestions
            suggestions=$("$program" "[suggest:$((COMP_POINT - ${#program}))]" "$line" 2>/dev/null)
            COMPREPLY=($(compgen -W "$suggestions" -- "$word"))
        }
        complete -o default -F _edge_completions edge
        """;

    private const string Zsh = """
        #compdef edge
        # Completion of edge for zsh: eval "$(edge completions zsh)"
        _edge_completions() {
            local program=${words[1]}
            local line=${BUFFER#*"$program"}
            local -a suggestions
            suggestions=("${(@f)$("$program" "[suggest:$((CURSOR - ${#BUFFER} + ${#line}))]" "$line" 2>/dev/null)}")
            suggestions=(${suggestions:#})
            (( ${#suggestions} )) && compadd -- "${suggestions[@]}" || _files
        }
        compdef _edge_completions edge
        """;

    private const string Fish = """
        # Completion of edge for fish: edge completions fish | source
        function __edge_completions
            set -l program (commandline --tokenize --cut-at-cursor)[1]
            set -l line (string sub --start (math 1 + (string length -- $program)) -- (commandline --current-process --cut-at-cursor))
            $program "[suggest:"(string length -- $line)"]" "$line" 2>/dev/null
        end
        complete --command edge --arguments '(__edge_completions)'
        """;

    public static Command Define(StandardStreams io)
    {
        var command = new Command("completions", "Prints the script by which a shell completes edge.")
        {
            Shell("bash", "eval \"$(edge completions bash)\" in ~/.bashrc.", Bash),
            Shell("zsh", "eval \"$(edge completions zsh)\" in ~/.zshrc, after compinit.", Zsh),
            Shell("fish", "edge completions fish | source in config.fish.", Fish),
        };
        return command;

        Command Shell(string name, string description, string script)
        {
            var shell = new Command(name, description);
            shell.SetAction(_ =>
            {
                io.Out.WriteLine(script);
                return ExitCode.Success;
            });
            return shell;
        }
    }
}

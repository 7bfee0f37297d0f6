"""The shell: ``aerodb [FILE] [SQL …]``, also ``python -m aerodb_dbapi`` (docs/shell.md).

    main        the command line: arguments, scripts and pipes, exit codes
    session     a connection, settings, and what a line of input does
    commands_*  the dot commands, gathered in `registry`
    formats     rows as text: aligned, vertical, CSV, JSON, Markdown …
    charts      bars and lines
    plain       lines from a terminal by `input()` and readline
    terminal    lines from a terminal by prompt_toolkit, where that is installed: completion (`completion`), colours, history

Two ways of working. *On a terminal* results are aligned, coloured and paged, statements may be interrupted, and errors are told and
forgotten. *In scripts and pipes* output is plain, the first error ends the script (``.bail off``: it goes on), and the exit code says how
it went.
"""

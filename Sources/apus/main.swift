internal import Commands
internal import Linux

// Before the first await, while this is the only thread.
if let code = Program.runAlone(CommandLine.arguments) { ProcessEnvironment.exit(code) }
ProcessEnvironment.exit(await Program.run(CommandLine.arguments))

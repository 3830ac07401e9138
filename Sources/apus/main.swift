internal import Commands
internal import Linux

ProcessEnvironment.exit(await Program.run(CommandLine.arguments))

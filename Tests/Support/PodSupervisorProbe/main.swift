internal import Linux
internal import NodeAgent

// The role `apus pod`, for tests that need it as a program of its own.
ProcessEnvironment.exit(PodSupervisor.run())

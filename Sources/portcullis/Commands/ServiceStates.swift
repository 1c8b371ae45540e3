import ArgumentParser
import Names

struct DrainServices: StateCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Send service instances no new connections; established ones go on.",
        discussion: """
            Of several, all change or none. With --wait, it ends when every gateway has confirmed the change and no \
            connection is left on the instances.
            """)
    static let state = ServiceState.drain

    @OptionGroup var targets: ServiceTargets
    @OptionGroup var duration: StateDuration
    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    var seconds: Int? { duration.seconds }
}

struct ReadyServices: StateCommand {
    static let configuration = CommandConfiguration(
        commandName: "ready", abstract: "Put service instances into production.",
        discussion: """
            Of several, all change or none. An instance gets connections only if its server is ready, too.
            """)
    static let state = ServiceState.ready

    @OptionGroup var targets: ServiceTargets
    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions
}

struct MaintServices: StateCommand {
    static let configuration = CommandConfiguration(
        commandName: "maint", abstract: "Take service instances out of production and out of the export.",
        discussion: "Of several, all change or none.")
    static let state = ServiceState.maint

    @OptionGroup var targets: ServiceTargets
    @OptionGroup var duration: StateDuration
    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    var seconds: Int? { duration.seconds }
}

import AdminAPI
import ArgumentParser
import CommandLineSupport
import Names
import Text

struct DrainServers: StateCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Send the services of servers no new connections; established ones go on.",
        discussion: """
            The services keep their own states, and an instance that comes to the server meanwhile is drained, too. Of \
            several servers, all change or none. With --wait, it ends when every gateway has confirmed the change and \
            no connection is left on the instances.
            """)
    static let state = ServiceState.drain

    @OptionGroup var targets: ServerTargets
    @OptionGroup var duration: StateDuration
    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    var seconds: Int? { duration.seconds }
}

struct ReadyServers: StateCommand {
    static let configuration = CommandConfiguration(
        commandName: "ready", abstract: "Put servers into production: their services are in their own states again.",
        discussion: "Of several servers, all change or none.")
    static let state = ServiceState.ready

    @OptionGroup var targets: ServerTargets
    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions
}

struct MaintServers: StateCommand {
    static let configuration = CommandConfiguration(
        commandName: "maint", abstract: "Take the services of servers out of production and out of the export.",
        discussion: "The services keep their own states. Of several servers, all change or none.")
    static let state = ServiceState.maint

    @OptionGroup var targets: ServerTargets
    @OptionGroup var duration: StateDuration
    @OptionGroup var change: ChangeOptions
    @OptionGroup var waiting: WaitOptions
    @OptionGroup var connection: ConnectionOptions

    var seconds: Int? { duration.seconds }
}

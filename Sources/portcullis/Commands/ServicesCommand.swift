import ArgumentParser

struct ServicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "services",
        abstract: "Look at service instances and change them.",
        subcommands: [
            ListServices.self, ShowService.self, AddService.self, MoveService.self, RemoveServices.self,
            DrainServices.self, ReadyServices.self, MaintServices.self, WeightService.self,
        ],
        defaultSubcommand: ListServices.self)
}

import ArgumentParser

struct ServicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "services",
        abstract: "List, show and change service instances.",
        subcommands: [
            ListServices.self, ShowService.self, CheckServices.self, LogsOfService.self, AddService.self,
            MoveService.self, RemoveServices.self,
            ScaleServices.self,
            DrainServices.self, ReadyServices.self, MaintServices.self, WeightService.self,
            VersionServices.self, VariantOfService.self, StartServices.self, StopServices.self, RestartServices.self,
            TestServices.self,
            RunAction.self, SwitchServices.self, PurgeService.self,
            WatchServices.self, WorkersOfService.self, ReloadServices.self, DumpWorker.self, SetLogLevel.self,
            LuaInService.self,
        ],
        defaultSubcommand: ListServices.self)
}

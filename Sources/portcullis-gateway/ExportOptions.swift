import ArgumentParser
import GatewayDaemon

/// The source of the export for a command.
struct ExportOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take the export from a file (-: standard input) instead of ADMIN.", valueName: "services.csv"),
        completion: .file(extensions: ["csv"]))
    var file: String?

    /// Fetches the present export. ADMIN does not count the request as a heartbeat.
    func fetch(_ configuration: GatewayConfiguration) async throws -> ExportAnswer {
        if let file { return try await FileExportSource(file).fetch(ExportRequest()) }
        let source = try AdminExportSource(configuration, announces: false)
        let answer = await Result { try await source.fetch(ExportRequest()) }
        await source.shutdown()
        return try answer.get()
    }
}

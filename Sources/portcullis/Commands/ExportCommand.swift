import AdminAPI
import ArgumentParser
import CommandLineSupport
import JSON

struct ExportCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print the services export of a location, as its gateways get it.")

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case csv, table, json
    }

    @Argument(
        help: "The location. (default: the only one)", completion: .names(.locations), transform: NameArgument.read)
    var location: String?

    @Option(name: .shortAndLong, help: "How the export is printed; csv is what gateways get, byte for byte.")
    var output = Format.csv

    @OptionGroup var connection: ConnectionOptions

    func run(_ client: AdminResources) async throws {
        let location = if let location { location } else { try await onlyLocation(client) }
        let bytes = try await client.export(of: location)
        switch output {
        case .csv: try StandardOutput.write(bytes)
        case .table: try StandardOutput.write(ResourceTables.export(try ExportLine.lines(of: bytes)).text)
        case .json: try StandardOutput.write(try JSONText.text(.array(try ExportLine.lines(of: bytes).map(\.json))))
        }
    }

    private func onlyLocation(_ client: AdminResources) async throws -> String {
        let names = try await client.locations().map(\.name)
        guard names.count == 1 else {
            throw ValidationError(
                names.isEmpty ? "ADMIN knows no location" : "name a location: \(names.joined(separator: ", "))")
        }
        return names[0]
    }
}

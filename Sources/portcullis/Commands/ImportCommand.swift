import ArgumentParser
import CommandLineSupport
import Keepalived
import Names
import NetworkTypes
import ServiceSupport
import Text

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Make cloud files of another program's configuration.",
        subcommands: [ImportKeepalived.self])
}

struct ImportKeepalived: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keepalived",
        abstract: "Make a cloud file and types of a keepalived.conf.",
        discussion: """
            Writes cloud.yaml and a file for each type below types/ into a new directory, for `portcullis apply -f`. Asks \
            nobody: ADMIN is not needed. What cannot be carried over is listed on standard error, each keyword with its \
            line and the reason.

            A firewall mark needs --mark, since the rules that set it are not in the file.
            """)

    @Argument(
        help: ArgumentHelp(
            "The configuration; the files that it includes are read, too.", valueName: "keepalived.conf"),
        completion: .file())
    var file: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The directory to be written: a new one, or an empty one.", valueName: "directory"),
        completion: .directory)
    var output: String

    @Option(help: ArgumentHelp("The name of the location that has the pools and servers.", valueName: "name"))
    var location = "main"

    @Option(
        help: ArgumentHelp(
            "The machine whose lines are meant where lines begin with @: what `keepalived -i` gets there.",
            valueName: "id"))
    var configId: String?

    @Option(
        help: ArgumentHelp(
            "What a firewall mark stands for: 1=198.51.100.36,198.51.100.37:80,443/tcp. Again for each mark.",
            valueName: "mark=addresses:ports/protocols"))
    var mark: [MarkArgument] = []

    func validate() throws {
        guard !file.isEmpty, !output.isEmpty else { throw ValidationError("a path is not empty") }
        guard ObjectName.isValid(location, as: .location) else {
            throw ValidationError("\(location.printed()) is no name of a location: \(ObjectName.pattern(.location))")
        }
        let numbers = mark.map(\.number)
        for number in Set(numbers) where numbers.count(where: { $0 == number }) > 1 {
            throw ValidationError("--mark \(number) is given twice")
        }
    }

    func run() async throws {
        if let names = LocalFile.names(inDirectory: output), !names.isEmpty {
            throw CommandError(
                "\(output.printable) is there already and is not empty",
                hint: "Name another directory: nothing is written over.")
        }
        let cloud: KeepalivedImport
        do throws(KeepalivedError) {
            cloud = try KeepalivedImport(
                reading: file, of: .local,
                KeepalivedImport.Settings(
                    location: location, configurationID: configId,
                    marks: Dictionary(mark.map { ($0.number, $0.ports) }) { first, _ in first }))
        } catch {
            throw CommandError("\(error)")
        }
        for note in cloud.notes { StandardError.write("\(note)") }
        guard cloud.typeCount > 0 else {
            throw CommandError("\(file.printable) has no virtual server: nothing is written")
        }
        try write(cloud.files)
        let counted = [
            (cloud.typeCount, "type"), (cloud.sectionCount, "gateway section"), (cloud.serverCount, "server"),
        ].map { "\($0) \($1)\($0 == 1 ? "" : "s")" }
        try StandardOutput.write(
            "\(output.printable): \(counted.joined(separator: ", ")); not carried over: \(cloud.notes.count)\n")
    }

    /// Writes the cloud file last, so that it never names a file that is not there.
    private func write(_ files: [KeepalivedImport.File]) throws {
        let folder = output.hasByteSuffix("/") ? output : output + "/"
        try Folder.make(output)
        try Folder.make(folder + "types")
        for file in files.dropFirst() + files.prefix(1) {
            try Files.replace(folder + file.path, with: Array(file.text.utf8), isDurable: false)
        }
    }
}

/// What a firewall mark stands for: `1=198.51.100.36,198.51.100.37:80,443/tcp`; `tcp` if no protocol is named.
struct MarkArgument: ExpressibleByArgument {
    let number: UInt32
    let ports: MarkedPorts

    init?(argument: String) {
        let halves = argument.splitBytes("=")
        guard halves.count == 2, let number = UInt32(halves[0]), number > 0 else { return nil }
        let parts = halves[1].splitBytes("/")
        guard parts.count <= 2, let colon = parts[0].lastByte(":") else { return nil }
        let addresses = parts[0][..<colon].splitBytes(",").map { word -> IPAddress? in
            let isBracketed = word.hasBytePrefix("[") && word.hasByteSuffix("]")
            let address = IPAddress(isBracketed ? word.dropFirst().dropLast() : word)
            return address.flatMap { ($0.family == .ipv6) == isBracketed ? $0 : nil }
        }
        let ranges = parts[0][parts[0].utf8.index(after: colon)...].splitBytes(",").map { PortRange($0) }
        let transports =
            parts.count == 1 ? [TransportProtocol.tcp] : parts[1].splitBytes(",").map { TransportProtocol($0) }
        guard !addresses.contains(nil), !ranges.contains(nil), !transports.contains(nil) else { return nil }
        self.number = number
        ports = MarkedPorts(
            addresses: Array(Set(addresses.compactMap(\.self))).sorted(), ports: ranges.compactMap(\.self).sorted(),
            transports: transports.compactMap(\.self))
    }
}

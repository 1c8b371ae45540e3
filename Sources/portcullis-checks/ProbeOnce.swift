import ArgumentParser
import CommandLineSupport
import HealthChecks
import HealthProber
import NetworkTypes
import Text

struct ProbeOnce: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Make one probe by hand, and print its result.",
        discussion: """
            The check is written as in the services export: its kind, then whatever differs from the defaults, such as \
            'http path=/health status=200'. A space in a value is %20. The server is ADDRESS:PORT, or [ADDRESS]:PORT \
            for IPv6; the address alone for ping and command, and where the check has a port.

              portcullis-checks probe tcp 10.1.0.11:8080
              portcullis-checks probe 'https path=/health host=api.example name=api.example' 10.1.0.11:8443
              portcullis-checks probe 'dns query=example.org' 10.1.0.53:53
              portcullis-checks probe ping fd00::11

            EXIT STATUS: 0 the server is up; 1 it is down, and the phrase says why; 3 this machine cannot make the \
            probe, which says nothing of the server.
            """)

    @Argument(help: "The check.") var check: String
    @Argument(help: ArgumentHelp("The server.", valueName: "address:port")) var server: String

    @OptionGroup var trust: TrustOptions

    func run() throws {
        let (outcome, latency) = try SingleProbe.make(try target(), authorities: trust.caFile)
        let time = "\(latency / 1_000).\(String(latency % 1_000 + 1_000).dropFirst()) ms"
        switch outcome {
        case .success(let weight, let note):
            let share = weight.map { ", weight \($0) of \(ProberProtocol.wholeWeight)" } ?? ""
            try StandardOutput.write("up in \(time)\(share)\(note.map { ": \($0.printable)" } ?? "")")
        case .failure(let reason):
            try StandardOutput.write("down after \(time): \(reason.printable)")
            throw ExitCode(1)
        case .void(let problem):
            StandardError.write("Error: cannot probe: \(problem ?? "the program was stopped meanwhile")")
            throw ExitCode(3)
        }
    }

    private func target() throws -> ProbeTarget {
        let check: HealthCheck
        do { check = try HealthCheck(text: self.check) } catch {
            throw ValidationError("the check \(self.check.printed()): \(error)")
        }
        let (address, port) = try endpoint()
        let target = ProbeTarget(check, address: address, port: check.port ?? port ?? 0)
        guard target.hasUsablePort else {
            throw ValidationError("\(server.printed()) has no port, and the check neither")
        }
        return target
    }

    private func endpoint() throws -> (IPAddress, UInt16?) {
        if let address = IPAddress(server) { return (address, nil) }
        guard let colon = server.lastByte(":"), let port = UInt16(server[server.utf8.index(after: colon)...]), port > 0
        else { throw ValidationError("\(server.printed()) is no ADDRESS:PORT") }
        var text = server[..<colon]
        let isBracketed = text.hasBytePrefix("[") && text.hasByteSuffix("]")
        if isBracketed { text = text.dropFirst().dropLast() }
        guard let address = IPAddress(text), isBracketed == (address.family == .ipv6) else {
            throw ValidationError("\(server.printed()) is no ADDRESS:PORT")
        }
        return (address, port)
    }
}

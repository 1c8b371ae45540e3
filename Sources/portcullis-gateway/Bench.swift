import ArgumentParser
import CommandLineSupport
import Foundation
import GatewaySync
import ServicesExport

/// For `make bench`: loads one export, then perhaps a changed one, and says what each phase took.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Apply one export, then another, and print the time of each phase.", shouldDisplay: false)

    @Argument(help: "The export to load first.")
    var before: String

    @Argument(help: "The changed export.")
    var after: String?

    @Flag(help: "Use a kernel in memory.")
    var inMemory = false

    @OptionGroup var kernel: KernelOptions

    func run() throws {
        let files = try [before, after].compactMap(\.self).map {
            [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0)))
        }
        let synchronizer = Synchronizer(
            Reconciler(), kernel: inMemory ? InMemoryKernel() : try kernel.open(GatewayConfiguration(name: "bench")))
        for (name, bytes) in zip(["load", "change"], files) {
            let clock = ContinuousClock()
            let digest = clock.measure { _ = ExportDigest(of: bytes) }
            let parse = try clock.measure { try synchronizer.adopt(bytes) }
            let outcome = try synchronizer.settle(now: ClockReading.now.boot)
            try StandardOutput.write(
                "{\"phase\": \"\(name)\", \"digest\": \((digest.milliseconds * 1_000).rounded() / 1_000), "
                    + "\"timing\": \(Timing(parse, outcome).json)}")
        }
    }
}

import ArgumentParser
import Foundation
import GatewayDaemon
import GatewaySync
import GatewayTestSupport
import ServicesExport

/// Loads one export, then perhaps a changed one, and says what each phase took.
struct Apply: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Apply one export, then another, and print the time of each phase.")

    /// Which kernel is written to.
    enum Target: String, ExpressibleByArgument, CaseIterable {
        /// nftables and IPVS of this network namespace.
        case kernel
        /// nftables alone, where the kernel has no IPVS.
        case table
        /// A kernel in memory.
        case memory
    }

    @Argument(help: "The export to load first.")
    var before: String

    @Argument(help: "The changed export.")
    var after: String?

    @Option(help: "Which kernel to write to.")
    var target = Target.kernel

    func run() throws {
        let files = try [before, after].compactMap(\.self).map {
            [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0)))
        }
        let kernel: any Kernel =
            switch target {
            case .kernel: try NetlinkKernel()
            case .table: try TableKernel()
            case .memory: InMemoryKernel()
            }
        let synchronizer = Synchronizer(Reconciler(), kernel: kernel)
        for (name, bytes) in zip(["load", "change"], files) {
            let clock = ContinuousClock()
            let digest = clock.measure { _ = ExportDigest(of: bytes) }
            let parse = try clock.measure { try synchronizer.adopt(bytes) }
            let outcome = try synchronizer.settle(now: ClockReading.now.boot)
            print(
                "{\"phase\": \"\(name)\", \"digest\": \((digest.milliseconds * 1_000).rounded() / 1_000), "
                    + "\"timing\": \(Timing(parse, outcome).json)}")
        }
    }
}

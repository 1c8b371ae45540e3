import ArgumentParser
import CommandLineSupport
import LargeCloud
import ServiceSupport

@main
struct Generate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis-generate",
        abstract: "Make a large cloud, in the language of one of several programs; play its servers.",
        discussion: """
            Equal options give equal bytes, and every shape has the same content, so that benchmarks of \
            different programs compare like with like.
            """,
        version: ProgramVersion.text,
        subcommands: [
            CloudDirectory.self, CSV.self, IPVSAdm.self, Keepalived.self, NFT.self, Count.self, FleetCommand.self,
            MastersCommand.self,
        ])

    static func main() async { await Program.run(Self.self) }

    /// `portcullis-generate cloud`
    struct CloudDirectory: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cloud", abstract: "Write a cloud directory: cloud.yaml and types/*.yaml.")

        @OptionGroup var size: SizeOptions

        @Option(
            name: .shortAndLong, help: "The directory to write to; made when it does not exist.",
            completion: .directory)
        var output: String

        func run() throws {
            try Directory(output).write(try size.cloud().cloudFiles)
        }
    }

    /// `portcullis-generate csv`
    struct CSV: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the services export of the cloud.")

        @OptionGroup var size: SizeOptions

        func run() throws { try StandardOutput.write(try size.cloud().servicesCSV) }
    }

    /// `portcullis-generate ipvsadm`
    struct IPVSAdm: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ipvsadm", abstract: "Print a script for ipvsadm --restore.")

        @OptionGroup var size: SizeOptions

        func run() throws { try StandardOutput.write(Array(try size.cloud().ipvsadmScript.utf8)) }
    }

    /// `portcullis-generate keepalived`
    struct Keepalived: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print a configuration for keepalived --check.")

        @OptionGroup var size: SizeOptions

        func run() throws { try StandardOutput.write(Array(try size.cloud().keepalivedConfiguration.utf8)) }
    }

    /// `portcullis-generate nft`
    struct NFT: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "nft", abstract: "Print the table inet portcullis for nft -f.")

        @OptionGroup var size: SizeOptions

        func run() throws { try StandardOutput.write(Array(try size.cloud().nftScript.utf8)) }
    }

    /// `portcullis-generate count`
    struct Count: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print how much the cloud holds.")

        @OptionGroup var size: SizeOptions

        func run() throws {
            let cloud = try size.cloud()
            try StandardOutput.write(
                "virtual services: \(cloud.size.virtualServices), real servers: \(cloud.size.realServers)")
        }
    }
}

import ArgumentParser
import CommandLineSupport
import Foundation
import NodeAgent
import ServiceSupport
import Text

struct Join: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Exchange a join token for the server's own token.",
        discussion: """
            `portcullis nodes join SERVER` makes a join token, which is used once and ends. This writes the server's \
            own token to token-file, mode 0600. A file that is there is not overwritten without --replace.
            """)

    @OptionGroup var settings: SettingsOptions

    @Option(
        help: ArgumentHelp("A file with the join token; - for standard input.", valueName: "file"), completion: .file())
    var joinToken = "-"

    @Flag(help: "Replace a token that is there.")
    var replace = false

    func run() async throws {
        let configuration = try settings.load()
        guard let path = configuration.tokenFile else {
            throw CommandError("token-file is not set: where is the server's token to be kept?")
        }
        if !replace, FileManager.default.fileExists(atPath: path) {
            throw CommandError("\(path.printable) is there already: --replace writes over it")
        }
        let bytes: [UInt8]
        if joinToken.isExactly("-") {
            do throws(InputFileError) { bytes = try InputFile.readStandardInput(limit: 4_096) } catch {
                throw FileError(path: "standard input", reason: error.reason)
            }
        } else {
            guard let read = try Files.read(joinToken, limit: 4_096, from: .stream) else {
                throw CommandError("there is no file \(joinToken.printable)")
            }
            bytes = read
        }
        try await NodeJoining.join(configuration, token: bytes, to: path)
        try StandardOutput.write("\(configuration.server) has joined; its token is in \(path)")
    }
}

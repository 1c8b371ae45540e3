import Glibc
import MasterLink
import Supervision

/// The program: reads its command line and runs the master.
@main
struct PortcullisMaster {
    /// As `--version` of every program.
    private static let version = "0.1.0"
    private static let statusUsage: Int32 = 64

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let options = arguments.prefix { $0 != "--" }  // exact: an option has ASCII letters only
        if options.contains("--help") || options.contains("-h") {  // exact: as above
            print(MasterSettings.help)
            return
        }
        if options.contains("--version") {  // exact: as above
            print(version)
            return
        }
        do throws(UsageError) {
            let settings = try MasterSettings(arguments: arguments)
            exit(Master.run(settings, link: try LinkSettings(settings)))
        } catch {
            Log.say("\(error.description)\nSee portcullis-master --help.")
            exit(statusUsage)
        }
    }
}

import ArgumentParser
import CommandLineSupport
import DatabasePatches
import Databases
import Glibc
import ServiceSupport
import Text

/// How results are printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

/// Where the database is.
struct ConnectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The file with the connection, a secret.", valueName: "path"), completion: .file())
    var connectionFile: String

    @Option(name: .shortAndLong, help: ArgumentHelp("text or json.", valueName: "format"))
    var output = OutputFormat.text

    /// Connects.
    /// - Parameter isMade: whether SQLite's file is made if there is none.
    func open(_ options: PatchOptions = PatchOptions(), isMade: Bool = false) throws(DatabaseError) -> any Database {
        let file = try ConnectionFile(connectionFile)
        var options = options
        options.tell = { StandardError.write($0) }
        let stop = StopSignal()
        let name = "portcullis-database \(Person.name) pid \(getpid())"
        switch file.engine {
        case .postgresql: return try PostgreSQLDatabase(file, applicationName: name, options, stop)
        case .sqlite: return try SQLiteDatabase(file, isMade: isMade, applicationName: name, options, stop)
        }
    }

    /// The engine, without a connection.
    var engine: DatabaseEngine { get throws { try ConnectionFile(connectionFile).engine } }
}

/// Who runs the program.
enum Person {
    /// `root@db1`
    static var name: String {
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        let user = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "\(geteuid())"
        return "\(user)@\(String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))"
    }
}

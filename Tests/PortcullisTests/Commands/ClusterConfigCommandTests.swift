import Foundation
import ServicesExport
import Testing

/// The built `portcullis-gateway cluster-config`, of an export without rows.
@Suite struct ClusterConfigCommandTests {
    private func run(_ words: String...) async throws -> CommandRun {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (export, settings) = (folder.appending(path: "services.csv"), folder.appending(path: "gateway.yaml"))
        try Data(ServicesCSV.write([ExportRow]())).write(to: export)
        try Data("role: passive\n".utf8).write(to: settings)
        return try await CommandRun.run(
            "portcullis-gateway",
            [
                "cluster-config", "--format", "crm", "--file", export.path, "--node", "gw1", "--node", "gw2",
                "--interface", "eth0", "--config", settings.path,
            ] + words)
    }

    @Test(
        "of several addresses the monitor asks the one with ADMIN's own, or one with a name",
        arguments: [
            ("10.1.0.5/24", "http://10.1.0.5:8080", "http://10.1.0.5:8080"),
            ("10.1.0.5/24", "https://admin.example:8443", "https://admin.example:8443"),
            ("10.1.0.5/24", "http://127.0.0.1:8080 https://admin.example,http://10.1.0.5:80", "http://10.1.0.5:80"),
            ("10.1.0.5/24", "http://10.1.0.50:8080 https://admin.example", "https://admin.example"),
            ("fd00:0::5/64", "http://[fd00::5]:8080", "http://[fd00::5]:8080"),
        ])
    func url(address: String, urls: String, chosen: String) async throws {
        let run = try await run("--admin-address", address, "--admin-url", urls)
        #expect(run.status == 0, "\(run.errors)")
        let url = chosen.contains("[") ? "url='\(chosen)'" : "url=\(chosen)"
        #expect(run.output.contains("params \(url) \\\n"), "\(run.output)")
    }

    @Test("without admin-url at ADMIN's address nothing is printed: no default could be right")
    func unset() async throws {
        let start =
            "Error: --admin-address 10.1.0.5/24: the cluster asks ADMIN there whether it is ready, but admin-url "
        let end =
            "; set it in the configuration file or with --admin-url, as http://10.1.0.5:8080 or https://10.1.0.5:8443\n"
        let unset = try await run("--admin-address", "10.1.0.5/24")
        #expect(unset.status == 64 && unset.output.isEmpty)
        #expect(unset.errors.hasPrefix(start + "is not set" + end), "\(unset.errors)")
        #expect(unset.errors.contains("\nUsage: portcullis-gateway cluster-config "), "\(unset.errors)")
        for elsewhere in ["http://10.1.0.50:8080", "http://127.0.0.1:8080", "http://localhost:8080"] {
            let run = try await run("--admin-address", "10.1.0.5/24", "--admin-url", elsewhere)
            #expect(run.status == 64 && run.output.isEmpty)
            #expect(run.errors.hasPrefix(start + "names ADMIN at \(elsewhere), not there" + end), "\(run.errors)")
        }
    }
}

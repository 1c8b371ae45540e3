package import Cloud
import Text

extension Manifest {
    /// The manifest of a version: what the type's meta-configuration says is executed and placed, and the files.
    package init(_ version: VersionName, of type: MetaConfiguration, files: [File], links: [Link]) {
        self.init(version: version, files: files)
        self.links = links
        user = type.user
        run = type.run
        listen = type.listen
        tests = type.tests.map { test in
            Test(name: test.name, action: test.action, timeout: test.timeout, origin: test.origin)
        }
        actions = type.actions
        directories = type.install?.directories ?? []
        removedDirectories = type.uninstall?.directories ?? []
        database = type.database.map { Database(name: $0.name, schema: $0.schema, patches: $0.patches) }
        limits = type.limits
    }
}

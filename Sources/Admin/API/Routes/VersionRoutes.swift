import AdminAPI
import Hummingbird
import ServiceSupport

extension RouteTable {
    var versionRoutes: [Route] {
        [
            .get(
                .version, operation: "readVersion", "The version of ADMIN",
                answering: VersionResource.form
            ) { request in try Self.answer(VersionResource(version: ProgramVersion.text), to: request) }
        ]
    }
}

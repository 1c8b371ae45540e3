import AdminAPI
import Cloud
import Foundation
import Hummingbird
import Registry
import ServiceSupport

extension RouteTable {
    var cloudRoutes: [Route] {
        [
            .get(
                .cloud, operation: "readCloud",
                "The whole registry at one moment, as `POST /v1/apply` takes it: everything but secrets and marks",
                answering: ApplyRequest.form
            ) { request in
                guard AcceptField(request.headers[.accept]).best(of: [MediaType.json]) != nil else {
                    throw Self.notAcceptable([MediaType.json])
                }
                let state = try await registry.state()
                return try await BlockingWork.run {
                    Self.answer(
                        Data(ApplyRequest(state.cloud).jsonBytes), tag: EntityTag.of(state.commit),
                        mediaType: MediaType.json, to: request)
                }
            }
        ]
    }
}

extension ApplyRequest {
    /// Everything in a cloud that a client can write, sorted. Secrets and marks are left out. Cost: walks over the
    /// whole cloud.
    init(_ cloud: Cloud) {
        self.init(
            locations: cloud.locations.values.map(LocationResource.init).sorted { $0.name < $1.name },
            pools: cloud.pools.values.sorted { $0.id < $1.id }.map(PoolResource.init),
            egress: cloud.egress.values.sorted { $0.id < $1.id }.map(EgressResource.init),
            servers: cloud.servers.values.map(ServerResource.init).sorted { $0.name < $1.name },
            types: cloud.types.values.map { ServiceType(name: $0.name, source: $0.source) }
                .sorted { $0.name < $1.name },
            services: cloud.services.values.sorted { ($0.type, $0.index) < ($1.type, $1.index) }.map { service in
                Service(
                    name: service.name, server: service.server, state: service.state, weight: service.weight,
                    until: service.until, version: service.installation?.version,
                    desired: service.installation?.desired)
            })
    }
}

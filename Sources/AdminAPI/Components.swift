import Names

/// Every body that has a name in the API's description.
package enum Components {
    package static let all: [Component] = [
        LocationResource.form.component, PoolResource.form.component, ServerResource.form.component,
        TypeSummary.form.component, TypeResource.form.component, ServiceResource.form.component,
        GatewayResource.form.component, GatewayResource.HeldExport.form.component, MarkResource.form.component,
        EventResource.form.component, EventPage.form.component, ConfigurationExplanation.form.component,
        ConfigurationExplanation.Origin.form.component, SecretResource.form.component, SecretChange.form.component,
        TokenResource.form.component, TokenCreation.form.component, CreatedToken.form.component,
        LocationChange.form.component, PoolChange.form.component, ServerChange.form.component,
        ServerPatch.form.component, ServiceCreation.form.component, ServiceChange.form.component,
        GatewayReport.form.component, GatewayReport.Drain.form.component, GatewayReport.Refusal.form.component,
        GatewayReportMessage.form.component, ReportAnswer.form.component, GatewayDetail.form.component,
        ServicePatch.form.component, ServiceScale.form.component, StateChange.form.component,
        EffectiveState.form.component, ApplyRequest.form.component,
        ChangeReport.form.component, SecretUsage.form.component,
        ConfigurationUsage.form.component,
        Confirmation.form.component, Confirmation.Gateway.form.component, GatewayReport.Draining.form.component,
        GatewayReport.Health.form.component, GatewayReport.Health.Down.form.component,
        Problem.form.component, HealthResource.form.component,
        InstanceResource.form.component, InstanceResource.Port.form.component, ScrapeGroup.form.component,
        VersionResource.form.component,
        EgressResource.form.component, EgressChange.form.component,
        HealthOverview.form.component, HealthOverview.Section.form.component,
        HealthOverview.Gateway.form.component, HealthOverview.Down.form.component,
        ServiceVersion.form.component, VersionMarkChange.form.component, VersionCreation.form.component,
        VersionSignature.form.component, VersionSignatures.form.component, VersionVerification.form.component,
        BlobQuestion.form.component, MissingBlobs.form.component, BlobUpload.form.component,
        CollectionReport.form.component,
        Assignments.form.component, Assignment.form.component, AssignedJob.form.component,
        ServerReport.form.component, ServerService.form.component, JobReport.form.component,
        DriveReport.form.component, ServerReportMessage.form.component, NodeResource.form.component,
        NodeDifference.form.component, NodeDetail.form.component, JobCreation.form.component,
        JobResource.form.component, CreatedJob.form.component, JoinTokenCreation.form.component,
        JoinRequest.form.component, JoinAnswer.form.component,
    ].compactMap(\.self)
}

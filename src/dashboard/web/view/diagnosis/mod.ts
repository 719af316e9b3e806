/** What explains and recalls. It is one piece of code, loaded when a part of it is first shown. */
export { BackendDetails } from "./backend_details.tsx";
export { FleetWhy } from "./fleet_why.tsx";
export { FrontendWhy } from "./frontend_why.tsx";
export { Timeline } from "./timeline.tsx";

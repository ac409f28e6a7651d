// The pages beside the list. The sidebar has an entry for each that is here.

import type { Component } from "solid-js";

import type { PageName, PageProps } from "../state/page";
import { BundlePage } from "./BundlePage";
import { DoctorPage } from "./DoctorPage";
import { LogsPage } from "./LogsPage";
import { SignInPage } from "./SignInPage";
import { DemoPage } from "./DemoPage";
import { SettingsPage } from "./SettingsPage";

/** The pages that there are, in the sidebar's order. */
export const PAGES: { readonly [Name in PageName]?: Component<PageProps<Name>> } = {
  signIn: SignInPage,
  doctor: DoctorPage,
  logs: LogsPage,
  bundle: BundlePage,
  demo: DemoPage,
  settings: SettingsPage,
};

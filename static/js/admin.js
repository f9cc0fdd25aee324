// The admin keeps the theme it was last shown in. One that was chosen in the product, which the server says, comes first;
// and what we wrote down for it goes again with the choice.
const chosen = ["dark", "light"].find((name) => document.documentElement.classList.contains(name));
if (chosen) {
  localStorage.setItem("adminTheme", JSON.stringify(chosen));
  localStorage.setItem("moniqoTheme", chosen);
} else if (localStorage.getItem("moniqoTheme")) {
  localStorage.removeItem("adminTheme");
  localStorage.removeItem("moniqoTheme");
}

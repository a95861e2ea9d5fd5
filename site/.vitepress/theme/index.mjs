// The fonts of the reader's system: the theme's own would be most of what a first visit loads.
import DefaultTheme from "vitepress/theme-without-fonts";
import "./style.css";

export default DefaultTheme;
